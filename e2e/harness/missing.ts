/** What a machine lacks for a test. In CI nothing is left out: there it is an error. */

/**
 * The first reason why something can't be had, or undefined. A check returns its reason (see `podsMissing`) or throws it; what else it returns,
 * such as a path, is good.
 */
export async function missingFor(missing: () => string | undefined, ...tools: readonly (() => Promise<unknown>)[]): Promise<string | undefined> {
  let reason = missing();
  for (const find of reason === undefined ? tools : [])
    try {
      await find();
    } catch (error) {
      reason ??= error instanceof Error ? error.message : String(error);
    }
  if (reason !== undefined && process.env['CI']) throw new Error(`this machine lacks what CI needs: ${reason}`);
  return reason;
}
