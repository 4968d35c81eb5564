/**
 * Where the API server is and how to prove who we are: in-cluster, or from a kubeconfig. The client library reads those (tokens that change on
 * disk, exec plugins); it is loaded only where Kubernetes is used, since it is large.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
import { existsSync } from 'node:fs';
import type { KubeConfig } from '@kubernetes/client-node';
import { ApiClient } from './api-client.js';

export interface ConnectOptions {
  /** File; absent: in-cluster, else KUBECONFIG or ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  /** Context of the kubeconfig; absent: its current one. */
  readonly context?: string | undefined;
}

const IN_CLUSTER_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** A client for the cluster that we run in or that the kubeconfig names. Throws with what is missing. */
export async function connectCluster({ kubeconfig, context }: ConnectOptions): Promise<ApiClient> {
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
  else if (process.env['KUBERNETES_SERVICE_HOST'] !== undefined && existsSync(IN_CLUSTER_TOKEN)) config.loadFromCluster();
  else config.loadFromDefault();
  if (context !== undefined) {
    if (config.getContextObject(context) === null) throw new Error(`the kubeconfig has no context ${JSON.stringify(context)}`);
    config.setCurrentContext(context);
  }
  return clientOf(config);
}

function clientOf(config: KubeConfig): ApiClient {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig names no cluster in its current context');
  return new ApiClient(cluster.server, async () => {
    const options = {};
    await config.applyToHTTPSOptions(options);
    return options;
  });
}

/** A client for a kubeconfig given as text. Throws when it names no cluster. */
export async function connectWith(text: string): Promise<ApiClient> {
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  config.loadFromString(text);
  return clientOf(config);
}
