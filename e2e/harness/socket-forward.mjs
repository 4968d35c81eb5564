/** `socket-forward.mjs SOCKET HOST PORT`: hands connections to a socket file on to an address, for tests that can't reach its network. */
import { connect, createServer } from 'node:net';

const [, , socket, host, port] = process.argv;
createServer((near) => {
  const far = connect(Number(port), host);
  near.pipe(far).pipe(near);
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
  near.on('close', () => far.destroy());
  far.on('close', () => near.destroy());
}).listen(socket, () => console.log('listening'));
