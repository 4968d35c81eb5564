/**
 * The key set that stands in where the real one could not be had (RA-004): a public key whose private half is not known to anybody, so
 * that every token is refused while the filter stays valid. It is the one that the reference serves, byte for byte.
 */
const MODULUS = [
  '0xObjM0UvS_oaazjpEYlAbwctEJ4L8pH3OuTb7qth7gUwqet-EzQB4dgFdvSdMgrLnSncQGRjpEYz3F3viIbH-3EN3TxSlPNviHxeOdyiBVfumN8dMxbLvVJUpfNOnvmMxJcl-8N',
  'NjAwcOjk4otSALaYgYYyOPyvKtgVdrQr-FoubWX4yrjxW-MJ2-7OBeepUUNOsVwGV23YX03sVkkyvY3otRflkBcY3_HKpBxJl9wk2GyOShN4_PNUF9-vwfnvOXMbCDX-w4PTef4',
  'geeb_GiT40YCKHTKMSPVanGRn5GExIWmki-mmqh94-mPTJyBR74ShspL3BxPZitDL574T1w',
].join('');

export const UNUSABLE_KEYS = JSON.stringify({ keys: [{ kty: 'RSA', e: 'AQAB', n: MODULUS }] }, undefined, 2);
