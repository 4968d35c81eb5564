/** A DNS server for the pods: A records from a table, an empty answer for other types, NXDOMAIN for names that it does not know. */
import { createSocket } from 'node:dgram';

/** Listens on `address`, port 53. */
export async function startDns(address) {
  let table = {};
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => socket.send(answer(query, table), from.port, from.address));
  await new Promise((resolve) => socket.bind(53, address, resolve));
  return {
    set(records) {
      table = records;
    },
  };
}

function answer(query, table) {
  const labels = [];
  let at = 12;
  for (; query[at] !== 0; at += query[at] + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const addresses = table[labels.join('.').toLowerCase()];
  const records = (type === 1 ? (addresses ?? []) : []).map((ip) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...ip.split('.').map(Number)]),
  );
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(addresses ? 0x8580 : 0x8583, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question, ...records]);
}
