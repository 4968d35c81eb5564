/** AUDIT, DENY and ALLOW. */
import type { HttpFilter } from './index.js';

export const rbac: HttpFilter = ({ security }) => security?.rbac;
