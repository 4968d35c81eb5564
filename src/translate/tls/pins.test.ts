import { expect, test } from '@jest/globals';
import { pins } from './pins.js';

const KEY = 'NvqYIYSbgK2vCJpQhObf77vv+bQWtc5ek5RIOwPiC9A=';
const CERTIFICATE = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
const WITH_COLONS = CERTIFICATE.match(/../g)!.join(':').toUpperCase();

test('GW-019: pins in all forms that Envoy reads', () => {
  expect(pins({})).toEqual({ verifyCertificateSpki: [], verifyCertificateHash: [] });
  expect(pins({ verifyCertificateSpki: [KEY], verifyCertificateHash: [CERTIFICATE, WITH_COLONS] })).toEqual({
    verifyCertificateSpki: [KEY],
    verifyCertificateHash: [CERTIFICATE, WITH_COLONS],
  });
});

test('GW-019: a pin that cannot be read matches nothing, and leaves nobody in by its absence', () => {
  expect(pins({ verifyCertificateSpki: ['', 'sha256/AAAA', KEY] })).toMatchObject({ verifyCertificateSpki: [KEY] });
  expect(pins({ verifyCertificateHash: [`${CERTIFICATE}00`] })).toEqual({
    verifyCertificateSpki: ['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='],
    verifyCertificateHash: [],
  });
});
