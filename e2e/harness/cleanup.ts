/** Undoes what a test or the demo did, last thing first, whether it ends well, throws or is interrupted. */

type Undo = () => void | Promise<void>;

const undos: Undo[] = [];
let installed = false;

/** Remembers how to undo something; runs at the latest when the process is interrupted or ends. */
export function onCleanup(undo: Undo): void {
  if (!installed) {
    installed = true;
    let interrupted = false;
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      process.on(signal, () => {
        // An impatient second signal must not keep the first from being obeyed.
        if (interrupted) return;
        interrupted = true;
        void cleanup().finally(() => process.exit(code));
      });
    }
    // `… | head` closes our output; that must not end us before we have cleaned up.
    process.stdout.on('error', () => {});
  }
  undos.push(undo);
}

/** Undoes everything remembered so far. One failing step does not keep the others from running. */
export async function cleanup(): Promise<void> {
  for (let undo = undos.pop(); undo; undo = undos.pop()) {
    try {
      await undo();
    } catch (error) {
      process.stderr.write(`cleanup: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}
