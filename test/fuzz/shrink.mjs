/** Makes a mesh that Envoy refuses smaller, part by part, for as long as it is still refused. */

/** Every way to leave one part out, big parts first. */
function* smaller(mesh) {
  const names = Object.keys(mesh.proxies);
  if (names.length > 1) for (const name of names) yield { ...mesh, proxies: { [name]: mesh.proxies[name] } };
  for (const field of ['meshConfig', 'meshNetworks', 'west']) if (mesh[field] !== null && mesh[field] !== undefined) yield { ...mesh, [field]: null };
  for (let size = Math.floor(mesh.resources.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let at = 0; at < mesh.resources.length; at += size)
      yield { ...mesh, resources: mesh.resources.filter((_, index) => index < at || index >= at + size) };
  for (const [index, resource] of mesh.resources.entries())
    for (const spec of without(resource.spec)) yield { ...mesh, resources: mesh.resources.with(index, { ...resource, spec }) };
  for (const meshConfig of without(mesh.meshConfig)) yield { ...mesh, meshConfig };
}

/** Every way to leave out one field or one member. */
function* without(value) {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const [index, member] of value.entries()) {
      yield value.toSpliced(index, 1);
      for (const other of without(member)) yield value.with(index, other);
    }
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    const { [key]: _, ...rest } = value;
    yield rest;
    for (const other of without(member)) yield { ...value, [key]: other };
  }
}

/** `isRefused` asks translation and Envoy. */
export async function shrink(mesh, isRefused, say = () => undefined) {
  let best = mesh;
  for (let again = true; again; ) {
    again = false;
    for (const one of smaller(best)) {
      if (!(await isRefused(one))) continue;
      best = one;
      again = true;
      say(`${best.resources.length} resources, ${JSON.stringify(best).length} characters`);
      break;
    }
  }
  return best;
}
