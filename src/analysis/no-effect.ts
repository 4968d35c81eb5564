/**
 * What is read and then not used: users should hear it from here and not from their traffic. Whoever makes a line of the table work deletes it. What is
 * refused, or told by whoever does the rest of the work (Gateway API, EnvoyFilter), does not belong here.
 */
import type { AnyRow, Kind } from '../api/kinds.js';
import type { FieldPath } from '../api/problem.js';
import type { Check, Severity } from './check.js';

interface Unused {
  readonly kind: Kind;
  /** Feature of the catalogue. */
  readonly feature: string;
  /** `*` stands for every item of a list; empty for the whole resource. */
  readonly path: readonly string[];
  readonly why: string;
  readonly severity?: Severity;
}

const AMBIENT = 'there is no ambient mode here';
const NOTHING_ANY_MORE = 'it decides nothing any more, in Istio either';
const OWN_AUTHORITY = "certificates are made by Mizzen's own authority";

const HTTP_CODES = ['outlierDetection', 'outlierDetectionHttpErrorCodes'] as const;
const NO_MATCHER = '5xx count, whatever the list; the reference reads it nowhere either';
const ROUTE_CACHE = 'what an authorizer adds does not change the route; the reference passes it on to no Envoy either';
const UTILIZATION = ['loadBalancer', 'backendUtilization'] as const;
const NO_REPORTS = "endpoints' own reports of their load are not asked for: LEAST_REQUEST counts";

const UNUSED: readonly Unused[] = [
  { kind: 'DestinationRule', feature: 'DR-021', path: ['spec', 'trafficPolicy', ...HTTP_CODES], why: NO_MATCHER },
  { kind: 'DestinationRule', feature: 'DR-021', path: ['spec', 'trafficPolicy', 'portLevelSettings', '*', ...HTTP_CODES], why: NO_MATCHER },
  { kind: 'DestinationRule', feature: 'DR-021', path: ['spec', 'subsets', '*', 'trafficPolicy', ...HTTP_CODES], why: NO_MATCHER },
  { kind: 'DestinationRule', feature: 'DR-008', path: ['spec', 'trafficPolicy', ...UTILIZATION], why: NO_REPORTS },
  { kind: 'DestinationRule', feature: 'DR-008', path: ['spec', 'trafficPolicy', 'portLevelSettings', '*', ...UTILIZATION], why: NO_REPORTS },
  { kind: 'DestinationRule', feature: 'DR-008', path: ['spec', 'subsets', '*', 'trafficPolicy', ...UTILIZATION], why: NO_REPORTS },
  { kind: 'MeshConfig', feature: 'AZ-031', path: ['extensionProviders', '*', 'envoyExtAuthzHttp', 'clearRouteCache'], why: ROUTE_CACHE },
  { kind: 'MeshConfig', feature: 'AZ-032', path: ['extensionProviders', '*', 'envoyExtAuthzGrpc', 'clearRouteCache'], why: ROUTE_CACHE },
  { kind: 'MeshConfig', feature: 'MC-011', path: ['caCertificates'], why: OWN_AUTHORITY },
  { kind: 'MeshConfig', feature: 'MC-026', path: ['serviceScopeConfigs'], why: AMBIENT },
  { kind: 'MeshConfig', feature: 'MC-034', path: ['ca'], why: OWN_AUTHORITY },
  { kind: 'MeshConfig', feature: 'MC-035', path: ['certificates'], why: OWN_AUTHORITY },
  { kind: 'MeshConfig', feature: 'MC-036', path: ['configSources'], why: 'configuration is read from where --config says' },
  { kind: 'MeshConfig', feature: 'MC-038', path: ['hboneIdleTimeout'], why: AMBIENT },
  { kind: 'MeshConfig', feature: 'PC-010', path: ['defaultConfig', 'statNameLength'], why: 'Envoy has no such limit any more' },
  { kind: 'MeshConfig', feature: 'PC-021', path: ['defaultConfig', 'statsCompression'], why: "Envoy's admin interface does not compress statistics" },
  {
    kind: 'MeshConfig',
    feature: 'PC-022',
    path: ['defaultConfig', 'availabilityZone'],
    why: 'a workload tells its own place (mizzen bootstrap --locality)',
  },
  { kind: 'MeshConfig', feature: 'PC-024', path: ['defaultConfig', 'controlPlaneAuthPolicy'], why: NOTHING_ANY_MORE },
  { kind: 'MeshConfig', feature: 'PC-024', path: ['defaultConfig', 'sds'], why: NOTHING_ANY_MORE },
  {
    kind: 'Sidecar',
    feature: 'SC-008',
    path: ['spec', 'ingress', '*', 'tls'],
    why: 'the port takes what PeerAuthentication says',
    severity: 'error',
  },
];

export const noEffect: Check = {
  name: 'no-effect',
  *subjects({ mesh }) {
    for (const kind of new Set(UNUSED.map((line) => line.kind))) for (const key of mesh.rows.of(kind).list().keys()) yield `${kind} ${key}`;
  },
  examine({ mesh }, subject) {
    const space = subject.indexOf(' ');
    const kind = subject.slice(0, space) as Kind;
    const row = mesh.rows.of(kind).get(subject.slice(space + 1)) as AnyRow | undefined;
    if (row === undefined) return [];
    return UNUSED.filter((line) => line.kind === kind).flatMap(({ path, why, severity = 'warning' }) =>
      // Mesh-wide settings stand at the top of their file, not under `spec`.
      found(kind === 'MeshConfig' ? row.spec : row, path).map((at) => ({
        severity,
        code: 'no-effect',
        message: `has no effect: ${why}`,
        at: { row, path: at },
      })),
    );
  },
};

/** Places where the path leads to something. */
function found(value: unknown, path: readonly string[]): readonly FieldPath[] {
  if (value === undefined || value === null) return [];
  const [step, ...rest] = path;
  if (step === undefined) return [[]];
  if (step !== '*') return found((value as Record<string, unknown>)[step], rest).map((more) => [step, ...more]);
  return Array.isArray(value) ? value.flatMap((item, i) => found(item, rest).map((more) => [i, ...more])) : [];
}
