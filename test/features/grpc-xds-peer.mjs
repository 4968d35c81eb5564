/**
 * Both ends of a call with xDS credentials, as a program of its own (the package registers itself in grpc-js): `server HOST:PORT` serves with
 * what the control plane says, `client TARGET` calls once. What comes out is one line of JSON.
 */
import grpc from '@grpc/grpc-js';
import { register, XdsChannelCredentials, XdsServer, XdsServerCredentials } from '@grpc/grpc-js-xds';
import { echoMethod } from '../../e2e/harness/grpc-echo.mjs';

register();
const [role = '', address = ''] = process.argv.slice(2);
const say = (line, then = () => {}) => process.stdout.write(`${JSON.stringify(line)}\n`, then);

if (role === 'server') {
  const server = new XdsServer();
  server.addService(
    { Echo: echoMethod },
    { Echo: (call, answer) => answer(null, Buffer.from(call.getAuthContext().transportSecurityType ?? 'plain')) },
  );
  server.bindAsync(address, new XdsServerCredentials(grpc.ServerCredentials.createInsecure()), (error) =>
    say(error ? { error: error.message } : 'serving'),
  );
} else {
  const Client = grpc.makeGenericClientConstructor({ Echo: echoMethod }, 'mizzen.test.Echo');
  const insecure = grpc.credentials.createInsecure();
  const client = new Client(address, role === 'client' ? new XdsChannelCredentials(insecure) : insecure);
  client.Echo(Buffer.from('hello'), new grpc.Metadata(), { deadline: Date.now() + 8_000 }, (error, answer) => {
    say(error ? { error: error.message } : { answer: answer.toString() }, () => process.exit(0));
  });
}
