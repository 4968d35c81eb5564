/**
 * Whether native sidecars may be used (IN-015): Kubernetes has them for good since 1.33. A pod without a node may land on any of them.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */

/** What of a Node counts. A version that is not known counts as new. */
export interface NodeVersion {
  readonly name: string;
  /** `v1.36.1` */
  readonly kubeletVersion?: string;
}

const LEAST_MINOR = 33;

export function knowNativeSidecars(nodes: Iterable<NodeVersion>, name: string | undefined): boolean {
  const all = [...nodes];
  const own = name === undefined ? undefined : all.find((node) => node.name === name);
  return (own === undefined ? all : [own]).every(({ kubeletVersion }) => {
    const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(kubeletVersion ?? '') ?? [];
    return major === undefined || Number(major) > 1 || Number(minor) >= LEAST_MINOR;
  });
}
