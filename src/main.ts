/** argv → command; nothing else. */
import { limitYoungGeneration } from './cli/young-generation.js';

// Loading the program would make the young generation grow beyond its bound, so the bound comes first.
if (process.argv[2] === 'serve') limitYoungGeneration();
const { run } = await import('./cli/program.js');

process.exitCode = await run(process.argv);
