/** From a service of the model back to the row that a user wrote. */
import type { Service } from '../model/service.js';
import type { Context, Spot } from './check.js';

export function rowOf({ mesh }: Context, service: Service): Spot | undefined {
  const row = mesh.rows.of(service.from.kind).get(service.from.key);
  return row === undefined ? undefined : { row };
}
