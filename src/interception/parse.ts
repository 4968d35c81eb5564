/** Lists on a command line → what the rules are made of. The rules run as root, so nothing passes that is not a port, a block, a name. */
import ipaddr from 'ipaddr.js';

export function portList(text: string): number[] {
  return items(text).map((item) => {
    const port = Number(item);
    if (!/^\d{1,5}$/.test(item) || port > 65535) throw new Error(`${JSON.stringify(item)} is not a port`);
    return port;
  });
}

export const portsOrAll = (text: string): number[] | '*' => (text.trim() === '*' ? '*' : portList(text));

export function rangeList(text: string): string[] {
  return items(text).map((item) => {
    if (!ipaddr.isValidCIDR(item)) throw new Error(`${JSON.stringify(item)} is not a CIDR block`);
    return item;
  });
}

export const rangesOrAll = (text: string): string[] | '*' => (text.trim() === '*' ? '*' : rangeList(text));

export function interfaceList(text: string): string[] {
  return items(text).map((item) => {
    if (!/^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/.test(item)) throw new Error(`${JSON.stringify(item)} is not the name of an interface`);
    return item;
  });
}

const items = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
