/** Claims of hosts that strict ownership refuses (`--host-ownership strict`). Those of Ingresses come with the derived rows. */
import type { Check } from './check.js';

export const hostOwnership: Check = {
  name: 'host-ownership',
  subjects: () => [''],
  examine: ({ mesh }) =>
    mesh.hostRefusals
      .all()
      .filter(({ row }) => row.kind !== 'Ingress')
      .map(({ row, path, message }) => ({ severity: 'error', code: 'host-not-owned', message, at: { row, path } })),
};
