/** Findings as they leave the analysis: with places, in a fixed order, and as text like a compiler's. */
import { type FieldPath, formatPath, type ResourceName } from '../api/problem.js';
import { keyOf, type Resource, type SourceLocation } from '../api/resource.js';
import type { Draft, Severity, Spot } from './check.js';

/** A resource or a field of one, and where it stands. */
export interface Place {
  readonly resource: ResourceName;
  /** `spec.http[0].route`, absent for the whole resource. */
  readonly field?: string;
  readonly location?: SourceLocation;
}

export interface Finding extends Place {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  /** Of a conflict: who counts. The loser is then the finding's own place. */
  readonly winner?: Place;
  readonly loser?: Place;
  readonly related?: readonly Place[];
}

/** Finds a field's place from its resource's; without one, the resource's place has to do. */
export type Locate = (resource: SourceLocation, path: FieldPath) => SourceLocation;

/** Looks up the places of drafts and puts them in order. */
export function present(drafts: readonly Draft[], locate: Locate = (location) => location): readonly Finding[] {
  return drafts.map((draft) => toFinding(draft, locate)).sort(inOrder);
}

function toFinding({ severity, code, message, at, winner, related }: Draft, locate: Locate): Finding {
  const place = placeOf(at, locate);
  return {
    severity,
    code,
    message,
    ...place,
    ...(winner && { winner: placeOf(winner, locate), loser: place }),
    ...(related && related.length > 0 && { related: related.map((spot) => placeOf(spot, locate)) }),
  };
}

function placeOf({ row, path }: Spot, locate: Locate): Place {
  const { kind, metadata, location } = row as Resource;
  const at = location && (path === undefined || path.length === 0 ? location : locate(location, path));
  return {
    resource: { kind, namespace: metadata.namespace, name: metadata.name },
    ...(path && path.length > 0 && { field: formatPath(path) }),
    ...(at && { location: { file: at.file, line: at.line, column: at.column } }),
  };
}

/** What has a place in the order of findings. */
type Placed = Pick<Finding, 'code' | 'message' | 'field' | 'location'> & { readonly resource?: ResourceName };

/** By file, line and column, then by resource, code and text. */
export function inOrder(a: Placed, b: Placed): number {
  const [left, right] = [a.location, b.location];
  if (left?.file !== right?.file) return (left?.file ?? '') < (right?.file ?? '') ? -1 : 1;
  const distance = (left?.line ?? 0) - (right?.line ?? 0) || (left?.column ?? 0) - (right?.column ?? 0);
  if (distance !== 0) return distance;
  const [one, other] = [textOf(a), textOf(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

const textOf = ({ resource, field, code, message }: Placed): string =>
  [resource?.kind, resource?.namespace, resource?.name, field, code, message].join('\n');

/** `file:line:column: severity: Kind ns/name: field: message [code]`, and a line for each other place. */
export function formatFinding(finding: Finding): string {
  const { severity, message, code, winner, related = [] } = finding;
  const notes = [
    ...(winner ? [`  winner: ${formatPlace(winner)}`, `  loser: ${formatPlace(finding)}`] : []),
    ...related.map((place) => `  see: ${formatPlace(place)}`),
  ];
  const { location, resource, field } = finding;
  const head = `${location === undefined ? '' : `${formatLocation(location)}: `}${severity}: ${formatName(resource)}: ${field ? `${field}: ` : ''}`;
  return [`${head}${message} [${code}]`, ...notes].join('\n');
}

const formatLocation = ({ file, line, column }: SourceLocation): string => `${file}:${line}:${column}`;
const formatName = ({ kind, namespace, name }: ResourceName): string =>
  `${kind} ${namespace === '' ? name : keyOf({ metadata: { namespace, name } })}`;
const formatPlace = ({ location, resource, field }: Place): string =>
  `${location === undefined ? '' : `${formatLocation(location)} `}${formatName(resource)}${field ? ` ${field}` : ''}`;
