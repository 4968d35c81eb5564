import { describe, expect, test } from '@jest/globals';
import { domainsWithAliases, withAliases } from './trust-domain.js';

const OWN = ['new.td', 'old.td'];

describe('AZ-028: trust domains', () => {
  test.each([
    ['cluster.local/ns/a/sa/b', ['new.td/ns/a/sa/b', 'old.td/ns/a/sa/b']],
    ['old.td/ns/a/sa/b', ['new.td/ns/a/sa/b', 'old.td/ns/a/sa/b']],
    ['other/ns/a/sa/b', ['other/ns/a/sa/b']],
    ['*/ns/a/sa/b', ['*/ns/a/sa/b']],
    ['*', ['*']],
    ['old.td/ns/*', ['old.td/ns/*']],
    ['*.td/ns/a/sa/b', ['*.td/ns/a/sa/b']],
    ['*d.td/ns/a/sa/b', ['new.td/ns/a/sa/b', '*d.td/ns/a/sa/b']],
    ['old*/ns/a/sa/b', ['new.td/ns/a/sa/b', 'old.td/ns/a/sa/b']],
  ])('%s', (principal, all) => expect(withAliases([principal], OWN)).toEqual(all));

  test('without aliases cluster.local is the mesh', () => {
    expect(withAliases(['cluster.local/ns/a/sa/b'], ['corp'])).toEqual(['corp/ns/a/sa/b']);
  });

  test('AZ-013: bare trust domains by exact name, each once', () => {
    expect(domainsWithAliases(['old.td', 'other', 'new.td', 'cluster.local'], OWN)).toEqual(['new.td', 'old.td', 'other', 'cluster.local']);
  });
});
