/** The filters that a workload's security policies come to: values that the chain puts in their places. */
import type { NamedFilter } from '../rbac/filters.js';

export interface HttpSecurity {
  readonly custom: readonly NamedFilter[];
  readonly jwt: NamedFilter | undefined;
  readonly rbac: readonly NamedFilter[];
}

export interface SecurityFilters {
  readonly http: HttpSecurity;
  /** In front of a byte stream's other filters. */
  readonly network: readonly NamedFilter[];
}

/** Of a workload without policies. */
export const NO_SECURITY: SecurityFilters = { http: { custom: [], jwt: undefined, rbac: [] }, network: [] };
