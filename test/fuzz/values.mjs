/** Small values of which the fuzzer's resources are made; few names, so that resources meet. */
import fc from 'fast-check';

export const { constantFrom: pick, record, array, integer, boolean, option, oneof, constant, tuple } = fc;

/** A record of which any field may be missing. */
export const some = (fields) => record(fields, { requiredKeys: [] });
/** A record with these keys required. */
export const need = (keys, fields) => record(fields, { requiredKeys: keys });
/** A list with `least` to `most` members. */
export const list = (member, most = 3, least = 0) => array(member, { minLength: least, maxLength: most });

export const namespaces = ['app', 'other', 'istio-system'];
export const namespace = pick('app', 'app', 'other', 'istio-system');
export const serviceName = pick('a', 'b', 'c', 'd');
export const subset = pick('v1', 'v2', 'v3');
export const outsideHost = pick('one.example.com', 'two.example.com', '*.wild.example.com', 'deep.one.example.com');
export const port = pick(80, 443, 7070, 8000, 9000);
export const protocol = pick('HTTP', 'HTTP2', 'GRPC', 'HTTPS', 'TLS', 'TCP', 'MONGO');
export const address = pick('10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4', '10.1.0.5');
export const duration = pick('1ms', '0.25s', '3s', '1m', '1h30m');
export const wholeSeconds = pick('3s', '1m', '1h30m');
export const percent = pick(0, 0.1, 33, 50, 99.99, 100);
export const word = pick('x', 'Alpha', 'with space', 'ü', 'a.b', '1', 'sehr-lang'.repeat(6));
export const headerName = pick('x-one', 'X-Two', 'authorization', 'end-user', ':authority', 'host', 'cookie');
export const regex = pick('.*', '[a-z]+', '^/a(b|c)?$', '(?i)x', '/v[0-9]+/items', '\\d{1,3}');
export const labels = pick({}, { app: 'a' }, { app: 'b' }, { version: 'v1' }, { istio: 'ingressgateway' }, { app: 'a', version: 'v2' });
export const match = oneof(record({ exact: word }), record({ prefix: word }), record({ regex }));
export const path = pick('/', '/a', '/a/b/', '/a b', '/ü', '/%2F');
export const pathMatch = oneof(record({ exact: path }), record({ prefix: path }), record({ regex }));
export const host = oneof(
  serviceName,
  tuple(serviceName, pick('app', 'other')).map(([name, space]) => `${name}.${space}.svc.cluster.local`),
  outsideHost,
  pick('missing', '*.app.svc.cluster.local'),
);
export const plainHost = host.filter((name) => !name.startsWith('*'));
export const exportTo = pick(['*'], ['.'], ['app']);
export const headers = some({
  set: pick({}, { 'x-set': 'v' }, { 'x-set': '%REQ(x-one)%' }),
  add: pick({}, { 'x-add': 'one' }, { 'x-add': '100%%' }),
  remove: list(pick('x-one', 'x-two'), 2),
});
