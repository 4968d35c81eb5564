/**
 * One mesh in memory: a graph, its model and its views. The server runs one for its lifetime; `translate` makes one for a set of files.
 */
import type { AnyRow } from '../api/kinds.js';
import { Graph } from '../graph/graph.js';
import { defineMesh } from '../model/define-mesh.js';
import type { Mesh } from '../model/mesh.js';
import type { ModelSettings } from '../model/services.js';
import { defineViews, type Views } from '../views/views.js';

export interface MeshInstance {
  readonly mesh: Mesh;
  readonly views: Views;
}

/** An empty mesh. */
export function createMesh(settings?: ModelSettings): MeshInstance {
  const mesh = defineMesh(new Graph(), settings);
  return { mesh, views: defineViews(mesh) };
}

/** Writes resources in one transaction. */
export function addResources(mesh: Mesh, resources: Iterable<AnyRow>): void {
  mesh.graph.transaction(() => {
    for (const resource of resources) mesh.rows.discovered.set(resource);
    mesh.rows.discovered.settle();
  });
}
