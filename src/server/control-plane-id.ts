/** Who answers, in the form that istioctl reads out of a response's `control_plane.identifier` (XD-028). */
import { hostname } from 'node:os';

/** The identifier of this process. `POD_NAME` tells replicas apart, else the machine's name. */
export function controlPlaneId(version: string, id: string = process.env['POD_NAME'] || hostname()): string {
  const info = { version, revision: '', golang_version: '', status: '', tag: version };
  return JSON.stringify({ Component: 'mizzen', ID: id, Info: info });
}
