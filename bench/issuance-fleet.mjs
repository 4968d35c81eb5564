/** Simulated agentless proxies, each with an identity, a token and a TLS connection of its own: they hold their key by SDS, or ask for it by CSR. */
import { X509Certificate } from 'node:crypto';
import { Secret } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import { AggregatedDiscoveryServiceService } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/ads.js';
import { DeltaDiscoveryRequest } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { IstioCertificateRequest, IstioCertificateResponse } from '@envoyproxy/xds-protos/istio/v1/auth/ca.js';
import { Client, credentials, Metadata } from '@grpc/grpc-js';

const SECRET = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
const CREATE = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
const DELTA = AggregatedDiscoveryServiceService.deltaAggregatedResources;
export const NAMESPACE = 'load';

/** Opens nothing yet. `token` makes a join token for a service account. */
export async function makeFleet({ size, address, rootPem, token }) {
  const members = [];
  const tls = credentials.createSsl(Buffer.from(rootPem));
  for (let n = 0; n < size; n++) members.push(member(n, address, tls, await token(`sa-${n}`)));
  return members;
}

function member(n, address, tls, token) {
  const bearer = credentials.createFromMetadataGenerator((_, done) => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    done(null, metadata);
  });
  const channel = credentials.combineChannelCredentials(tls, bearer);
  const client = new Client(address, channel, { 'grpc.use_local_subchannel_pool': 1, 'grpc.ssl_target_name_override': 'localhost' });
  /** Every certificate that came: when, by whom signed, until when, and how much of the one before was left then. */
  const seen = [];
  let ended;
  let wake = () => {};
  let call;
  return {
    seen,
    ended: () => ended,
    /** Subscribes; resolves with the first certificate. */
    join() {
      call = client.makeBidiStreamRequest(DELTA.path, DELTA.requestSerialize, DELTA.responseDeserialize);
      const send = (message) => call.write(DeltaDiscoveryRequest.fromPartial({ typeUrl: SECRET, ...message }));
      const first = new Promise((resolve) => (wake = resolve));
      call.on('data', ({ resources, nonce }) => {
        send({ responseNonce: nonce });
        for (const { name, resource } of resources) if (name === 'default') note(Secret.decode(resource.value));
      });
      call.on('error', (error) => {
        ended ??= error.details;
        wake();
      });
      const metadata = { NAMESPACE, SERVICE_ACCOUNT: `sa-${n}`, MIZZEN_CERTIFICATES: 'ads' };
      send({
        node: { id: `sidecar~10.0.${n >> 8}.${n & 255}~pod-${n}.${NAMESPACE}~${NAMESPACE}.svc.cluster.local`, metadata },
        resourceNamesSubscribe: ['default', 'ROOTCA'],
      });
      return first;
    },
    /** Sends a CSR; resolves when it is signed. */
    sign: (csr) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          CREATE,
          (message) => Buffer.from(IstioCertificateRequest.encode(message).finish()),
          (bytes) => IstioCertificateResponse.decode(bytes),
          IstioCertificateRequest.fromPartial({ csr, validityDuration: 3600n }),
          (error, answer) => (error ? reject(error) : resolve(answer)),
        );
      }),
    close() {
      ended ??= 'closed';
      call?.cancel();
      client.close();
    },
  };

  function note({ type }) {
    const leaf = new X509Certificate(Buffer.from(type.value.certificateChain.specifier.value));
    const [at, until] = [Date.now(), Date.parse(leaf.validTo)];
    const before = seen.at(-1);
    seen.push({ at, until, issuer: leaf.issuer, leftMs: before && before.until - at });
    wake();
  }
}

/** Nobody lost its stream; throws otherwise. */
export function requireWhole(fleet) {
  const lost = fleet.filter((one) => one.ended() !== undefined);
  if (lost.length > 0) throw new Error(`${lost.length} of ${fleet.length} proxies lost their stream: ${lost[0].ended()}`);
}
