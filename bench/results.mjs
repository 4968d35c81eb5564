/** The table of results, with the reference's figures beside ours, and what the bars say to it. */
import { cpus, loadavg, totalmem } from 'node:os';
import { baselineOf } from './baselines.mjs';

/** A driver's JSON line as a row. */
export function rowOf({ services, clients, variant }, line) {
  return {
    services,
    clients,
    variant,
    phase: line.phase,
    firstMs: line.first_ms,
    medianMs: line.p50_ms,
    lastMs: line.last_ms,
    megabytes: line.wire_bytes_in / 1e6,
    cpu: line.server_cpu_s,
    rss: line.server_peak_rss_mb,
  };
}

const COLUMNS = [
  { key: 'firstMs', head: 'first ms', digits: 0 },
  { key: 'medianMs', head: 'median ms', digits: 0 },
  { key: 'lastMs', head: 'last ms', digits: 0, isBar: true },
  { key: 'megabytes', head: 'MB sent', digits: 2, isBar: true },
  { key: 'cpu', head: 'CPU s', digits: 2, isBar: true },
  { key: 'rss', head: 'peak RSS MB', digits: 0 },
];

/** A Markdown table; each figure is followed by the reference's, and for the bars by how many times less ours is. */
export function table(rows) {
  const head = ['S', 'N', 'variant', 'phase', ...COLUMNS.map(({ head: text }) => `${text} (reference)`)];
  const lines = rows.map((row) => {
    const base = baselineOf(row);
    return [row.services, row.clients, row.variant, row.phase, ...COLUMNS.map((column) => cell(column, row, base))];
  });
  return [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function cell({ key, digits, isBar }, row, base) {
  const own = row[key].toFixed(digits);
  if (base === undefined) return own;
  const factor = isBar && row[key] > 0 ? `, ${(base[key] / row[key]).toFixed(1)}×` : '';
  return `**${own}** (${base[key]}${factor})`;
}

/** Every bar that a row misses, in words. */
export function missedBars(rows) {
  return rows.flatMap((row) => {
    const name = `S=${row.services} N=${row.clients} ${row.variant} ${row.phase}`;
    const missed = [];
    if (row.phase === 'ep' && row.medianMs > 20) missed.push(`${name}: median ${row.medianMs.toFixed(1)} ms is over 20 ms`);
    const base = baselineOf(row);
    if (base === undefined) return missed;
    if (row.lastMs >= base.lastMs) missed.push(`${name}: last client after ${row.lastMs.toFixed(0)} ms, reference ${base.lastMs}`);
    if (row.cpu >= base.cpu) missed.push(`${name}: ${row.cpu} s of CPU, reference ${base.cpu}`);
    // The reference's megabytes are rounded: whole ones above 1, else hundredths.
    if (Number(row.megabytes.toFixed(base.megabytes < 1 ? 2 : 0)) > base.megabytes)
      missed.push(`${name}: ${row.megabytes.toFixed(2)} MB, reference ${base.megabytes}`);
    if (row.clients === 500 && row.rss > base.rss / 2) missed.push(`${name}: ${row.rss.toFixed(0)} MB resident, reference ${base.rss}`);
    return missed;
  });
}

/** How busy the machine is: what else runs shows in the times. */
export const load = () => loadavg()[0].toFixed(1);

/** The machine in one line. */
export function machine() {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}`;
}
