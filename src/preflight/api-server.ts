/** Whether the API server answers, is new enough, and has the same time as this machine: tokens and certificates are judged by clocks. */
import type { ApiClient } from '../kubernetes/api-client.js';
import { type Finding, finding } from './report.js';

/** The oldest minor version of Kubernetes 1 that we are made for. */
const LEAST_MINOR = 30;
const MAX_SKEW_MS = 60_000;

export async function checkApiServer(api: ApiClient, now: () => number = Date.now): Promise<Finding[]> {
  const asked = now();
  const answer = await api.send('GET', '/version');
  const between = (asked + now()) / 2;
  const { gitVersion = '', minor = '' } = JSON.parse(answer.text) as { gitVersion?: string; minor?: string };
  const isOld = Number.parseInt(minor, 10) < LEAST_MINOR;
  const version = isOld
    ? finding('warning', 'api', `${api.server} runs Kubernetes ${gitVersion}`, `Mizzen is made for 1.${LEAST_MINOR} and newer`)
    : finding('ok', 'api', `${api.server} runs Kubernetes ${gitVersion}`);
  return [version, clock(answer.headers.date, between)];
}

function clock(date: string | undefined, now: number): Finding {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return finding('warning', 'clock', 'the API server does not say what time it has');
  const skew = Math.round((now - theirs) / 1000);
  if (Math.abs(skew) * 1000 <= MAX_SKEW_MS) return finding('ok', 'clock', `this machine and the API server differ by ${Math.abs(skew)} s`);
  const direction = skew > 0 ? 'ahead of' : 'behind';
  return finding(
    'error',
    'clock',
    `this machine is ${Math.abs(skew)} s ${direction} the API server`,
    'tokens and certificates are judged by the clock: set it',
  );
}
