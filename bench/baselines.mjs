/** What the reference control plane needed for the same work on such a machine, with its default debounce of 100 ms; S = 1000 services. */

/** One row of the table. */
const row = (clients, variant, phase, firstMs, medianMs, lastMs, megabytes, cpu, rss) => ({
  clients,
  variant,
  phase,
  firstMs,
  medianMs,
  lastMs,
  megabytes,
  cpu,
  rss,
});

export const BASELINES = [
  row(100, 'sotw', 'cold', 3331, 4254, 4799, 183, 8.36, 364),
  row(100, 'sotw', 'vs', 226, 688, 814, 139, 0.99, 437),
  row(100, 'sotw', 'ep', 130, 155, 169, 0.07, 0.06, 437),
  row(100, 'sotw', 'svc', 211, 1129, 1715, 140, 1.38, 483),
  row(100, 'delta', 'cold', 3997, 4756, 5054, 193, 8.72, 431),
  row(100, 'delta', 'vs', 226, 668, 763, 51, 1.08, 431),
  row(100, 'delta', 'ep', 133, 134, 137, 0.07, 0.03, 431),
  row(100, 'delta', 'svc', 178, 984, 1386, 52, 1.56, 547),
  row(500, 'sotw', 'cold', 1709, 17909, 20502, 922, 35.8, 868),
  row(500, 'sotw', 'vs', 292, 1907, 3324, 703, 4.26, 868),
  row(500, 'sotw', 'ep', 140, 242, 332, 0.33, 0.28, 868),
  row(500, 'delta', 'cold', 4672, 18997, 21818, 973, 38.0, 1073),
  row(500, 'delta', 'vs', 305, 1321, 2308, 259, 3.5, 1073),
  row(500, 'delta', 'ep', 138, 181, 192, 0.36, 0.12, 1073),
];

/** The reference's row for one of ours, if it was measured. */
export const baselineOf = ({ services, clients, variant, phase }) =>
  services === 1000 ? BASELINES.find((one) => one.clients === clients && one.variant === variant && one.phase === phase) : undefined;
