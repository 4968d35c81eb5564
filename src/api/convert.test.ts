/** What becomes of metadata on its way into a row. */
import { expect, test } from '@jest/globals';
import { parseResources } from '../sources/load.js';

const pod = (metadata: string) => parseResources(`apiVersion: v1\nkind: Pod\nmetadata: ${metadata}\nspec: {}\n`);

test('a name that Kubernetes would refuse is refused, with its place', () => {
  for (const name of ['a~b', 'Upper', '-x', 'x_y']) {
    const { resources, problems } = pod(`{name: "${name}"}`);
    expect(resources).toEqual([]);
    expect(problems[0]).toMatchObject({ severity: 'error', message: expect.stringContaining(name) });
  }
});

test('SD-022 owners are kept: the workload of a pod is named after its controller', () => {
  const { resources } = pod('{name: web-5d4f-x, ownerReferences: [{kind: ReplicaSet, name: web-5d4f, controller: true}, {kind: 7}]}');
  expect(resources[0]?.metadata.ownerReferences).toEqual([{ kind: 'ReplicaSet', name: 'web-5d4f', controller: true }]);
});
