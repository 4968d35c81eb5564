/**
 * Lets plain `node` (24, which strips types) run the TypeScript of this folder: imports are written `./x.js`, as the compiler wants them, and the
 * file is `./x.ts`. Used as `node --import ./e2e/harness/ts-imports.mjs FILE.ts`.
 */
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    try {
      return next(specifier, context);
    } catch (error) {
      if (!/^\.{1,2}\/.*\.js$/.test(specifier)) throw error;
      return next(specifier.replace(/\.js$/, '.ts'), context);
    }
  },
});
