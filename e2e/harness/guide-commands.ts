/** The commands that a guide shows: those of its `sh` blocks, in order, and kubectl's and helm's within sentences where those say what of. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './processes.js';

/** One command, with its here-document and continued lines; comments are left out. */
export function guideCommands(guide: string): readonly string[] {
  const text = readFileSync(join(checkout, 'docs/guides', `${guide}.md`), 'utf8');
  const parts = text.matchAll(/^( *)```sh\n([^]*?)\n *```$|`((?:kubectl|helm) [^` ]+ [^` ]+ [^`]+)`/gm);
  return [...parts].flatMap(([, indent = '', block, inline]) =>
    block === undefined ? [inline!] : commandsOf(block.split('\n').map((line) => line.slice(indent.length))),
  );
}

function commandsOf(lines: readonly string[]): string[] {
  const found: string[] = [];
  let open = '';
  for (const line of lines) {
    const isWithin = found.length > 0 && open !== '';
    if (isWithin) found.push(`${found.pop()}\n${line}`);
    else if (line.trim() !== '' && !line.startsWith('#')) found.push(line);
    else continue;
    if (!isWithin) open = /<<'?(\w+)'?/.exec(line)?.[1] ?? (line.endsWith('\\') ? '\\' : '');
    else if (open === '\\' ? !line.endsWith('\\') : line === open) open = '';
  }
  return found;
}
