import { describe, expect, test } from '@jest/globals';
import { formatSpiffeId } from '../ca/spiffe.js';
import { authorityOf, reviews } from '../ca/testing/material.js';
import { WorkloadCertificates } from '../ca/workload-certificates.js';
import { Identities } from './identities.js';
import { createMesh } from './mesh-instance.js';

describe('CA-019 identities of connected proxies', () => {
  test('the row is there before hold resolves, is shared, and goes with the last holder', async () => {
    const { mesh } = createMesh();
    const identities = new Identities(mesh, new WorkloadCertificates(await authorityOf()));
    const id = formatSpiffeId(reviews);
    const [one, two] = await Promise.all([identities.hold(reviews), identities.hold(reviews)]);
    const row = mesh.rows.certificates.get(id);
    expect(row?.privateKeyPem).toContain('PRIVATE KEY');
    one();
    one();
    expect(mesh.rows.certificates.get(id)).toBe(row);
    two();
    expect(mesh.rows.certificates.get(id)).toBeUndefined();
    const three = await identities.hold(reviews);
    expect(mesh.rows.certificates.get(id)?.certChainPem).not.toBe(row?.certChainPem);
    three();
    identities.close();
  });

  test('an identity of another trust domain is refused and leaves nothing behind', async () => {
    const { mesh } = createMesh();
    const identities = new Identities(mesh, new WorkloadCertificates(await authorityOf()));
    await expect(identities.hold({ ...reviews, trustDomain: 'evil' })).rejects.toThrow('evil');
    expect(mesh.rows.certificates.size).toBe(0);
    identities.close();
  });
});
