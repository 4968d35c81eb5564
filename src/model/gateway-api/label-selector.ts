/** Kubernetes label selectors. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/ */
import type { LabelSelector, NamespaceChoice } from './types.js';

type Labels = Readonly<Record<string, string>>;

/** An operator that we don't know selects nothing. */
export function selectsLabels({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  if (!Object.entries(matchLabels).every(([key, value]) => labels[key] === value)) return false;
  return matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    if (operator === 'In') return value !== undefined && values.includes(value);
    return operator === 'NotIn' && (value === undefined || !values.includes(value));
  });
}

/** Labels of a namespace as Kubernetes shows them: its name is always one. */
export const namespaceLabels = (name: string, labels: Labels): Labels => ({ ...labels, 'kubernetes.io/metadata.name': name });

/** Labels by namespace. */
export type Namespaces = () => ReadonlyMap<string, Labels>;

/** Namespaces that a choice lets in: a list, or '*' for all. Asks for namespaces only when it has to. */
export function chosenNamespaces(
  { from, selector }: NamespaceChoice,
  own: string,
  fallback: 'Same' | 'None',
  namespaces: Namespaces,
): readonly string[] | '*' {
  const wanted = from ?? (selector === undefined ? fallback : 'Selector');
  if (wanted === 'All') return '*';
  if (wanted === 'Same') return [own];
  if (wanted !== 'Selector' || selector === undefined) return [];
  return [...namespaces()].filter(([name, labels]) => selectsLabels(selector, namespaceLabels(name, labels))).map(([name]) => name);
}
