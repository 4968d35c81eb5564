/** CUSTOM: before everything else, in pairs of RBAC and ext_authz. */
import type { HttpFilter } from './index.js';

export const extAuthz: HttpFilter = ({ security }) => security?.custom;
