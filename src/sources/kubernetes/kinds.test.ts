import { expect, test } from '@jest/globals';
import { readKinds } from './kinds.js';

test.each([false, true])('SD-061: exports and imports are read where they count, of remote clusters too (remote: %s)', (isRemote) => {
  const groups = (readsExports: boolean) => readKinds(isRemote, readsExports).filter(({ group }) => group === 'multicluster.x-k8s.io');
  expect(groups(true).map(({ plural }) => plural)).toEqual(['serviceexports', 'serviceimports']);
  expect(groups(false)).toEqual([]);
});
