/** The filters that a workload's security policies come to: values that the chain puts in their places. */
import type { AuthorizationFilters, NamedFilter } from '../rbac/filters.js';

export interface HttpSecurity {
  readonly custom: readonly NamedFilter[];
  readonly jwt: NamedFilter | undefined;
  readonly rbac: readonly NamedFilter[];
}

export interface SecurityFilters {
  readonly http: HttpSecurity;
  /** Of a byte stream: who is asked comes first, then extensions that tell who it is, then rules (AZ-029). */
  readonly network: AuthorizationFilters;
}

/** Of a workload without policies. */
export const NO_SECURITY: SecurityFilters = { http: { custom: [], jwt: undefined, rbac: [] }, network: { custom: [], rules: [] } };
