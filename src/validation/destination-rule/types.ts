/**
 * The traffic policy as validators read it: flat. The types made from the CRD spell out which fields exclude each other as unions
 * within unions, at four places of a DestinationRule; comparing those takes the compiler minutes. The schema has checked that already.
 * https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy
 */
import type { ClientTLSSettings, ConnectionPoolSettings, OutlierDetection } from '../../api/istio.js';

export interface Failover {
  from?: string;
  to?: string;
}

export interface Locality {
  distribute?: { from?: string; to?: Record<string, number> }[];
  failover?: Failover[];
  failoverPriority?: string[];
}

export interface HashPolicy {
  httpCookie?: { name?: string; attributes?: { name?: string }[] };
  minimumRingSize?: number;
  maglev?: { tableSize?: number };
  ringHash?: object;
}

export interface LoadBalancer {
  consistentHash?: HashPolicy;
  localityLbSetting?: Locality;
  zoneAwareLbSetting?: Locality;
  warmup?: { duration?: string; minimumPercent?: number | null; aggression?: number | null };
}

export interface PolicyBlocks {
  outlierDetection?: OutlierDetection;
  connectionPool?: ConnectionPoolSettings;
  loadBalancer?: LoadBalancer;
  tls?: ClientTLSSettings;
}

export interface Policy extends PolicyBlocks {
  portLevelSettings?: (PolicyBlocks & { port?: object })[];
  tunnel?: { protocol?: string; targetHost: string; targetPort: number };
  proxyProtocol?: object;
}

export interface Rule {
  host?: string;
  exportTo?: string[];
  workloadSelector?: { matchLabels?: Record<string, string> };
  trafficPolicy?: Policy;
  subsets?: { name: string; labels?: Record<string, string>; trafficPolicy?: Policy }[];
}
