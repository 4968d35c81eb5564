/** A gRPC service without a .proto: bytes in, the server's name out. As a program: `grpc-echo.mjs NAME HOST PORT`. */
import grpc from '@grpc/grpc-js';

const bytes = (value) => value;
/** The one method, as grpc-js wants it described. */
export const echoMethod = {
  path: '/mizzen.test.Echo/Echo',
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};

if (process.argv[1]?.endsWith('grpc-echo.mjs')) {
  const [name = 'echo', host = '127.0.0.1', port = '0'] = process.argv.slice(2);
  const server = new grpc.Server();
  server.addService({ Echo: echoMethod }, { Echo: (_call, answer) => answer(null, Buffer.from(name)) });
  server.bindAsync(`${host}:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) => {
    if (error) throw error;
    console.log(JSON.stringify({ msg: 'listening', port: bound }));
  });
}
