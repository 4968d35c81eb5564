/**
 * An xDS client that we did not write: `@grpc/grpc-js-xds` resolves the target (`xds:///HOST:PORT`) through the server named in
 * GRPC_XDS_BOOTSTRAP_CONFIG and calls an echo service `COUNT` times. Prints `{answers: {text: count}, error}`. Plain JavaScript: the package
 * registers itself in grpc-js, so it runs in a process of its own.
 */
import grpc from '@grpc/grpc-js';
import { register } from '@grpc/grpc-js-xds';
import { echoMethod } from './grpc-echo.mjs';

register();
const [target = '', count = '1'] = process.argv.slice(2);
const Client = grpc.makeGenericClientConstructor({ Echo: echoMethod }, 'mizzen.test.Echo');
const client = new Client(target, grpc.credentials.createInsecure());
const answers = {};
let error;
for (let n = 0; n < Number(count); n++) {
  await new Promise((resolve) => {
    client.Echo(Buffer.from(`hello ${n}`), new grpc.Metadata(), { deadline: Date.now() + 10_000 }, (failure, answer) => {
      if (failure) error = failure.message;
      else answers[answer.toString()] = (answers[answer.toString()] ?? 0) + 1;
      resolve();
    });
  });
  if (error) break;
}
process.stdout.write(`${JSON.stringify({ answers, error })}\n`, () => process.exit(error ? 1 : 0));
