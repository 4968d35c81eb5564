/** `spec.containers.[istio-proxy].args`: items of lists by name; null for nothing. */
export function partAt(value: unknown, path: string): unknown {
  const steps = path.replace(/\[\]$/, '').match(/\[[^\]]+\]|[^.[]+/g) ?? [];
  const found = steps.reduce<unknown>((here, step) => {
    const key = step.replace(/^\[(.*)\]$/, '$1');
    return Array.isArray(here) ? here.find((item: { name?: string }) => item.name === key) : (here as Record<string, unknown> | undefined)?.[key];
  }, value);
  return path.endsWith('[]') && Array.isArray(found) ? found.map((item: { name: string }) => item.name) : (found ?? null);
}
