/**
 * The part of Grafana's dashboard format that ours use, and the builder that lays panels out. Ids and places are counted, so that equal input gives
 * equal bytes. https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
 */

/** Units as Grafana calls them. */
export type Unit = 'reqps' | 'percentunit' | 's' | 'ms' | 'bytes' | 'Bps' | 'short' | 'none';

/** One line (or many, one for each series) of a panel. */
export interface Query {
  /** PromQL. `$name` is a variable of the dashboard, `$__rate_interval` Grafana's. */
  readonly expr: string;
  /** How a series is called: `{{label}}`. */
  readonly legend: string;
}

/** A curve over time, one number, or a table of the present. */
export interface Panel {
  readonly kind: 'timeseries' | 'stat' | 'table';
  readonly title: string;
  /** What it shows and what to do about it, for the reader who hovers. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Of 24 columns. @default 8 */
  readonly width?: number;
}

/** A group of panels under a headline. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Something to choose: the values of a label. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  /** A metric with selectors, and which of its labels. */
  readonly values: { readonly series: string; readonly label: string };
}

export interface Dashboard {
  /** Part of its address: stays the same over versions. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
}

const COLUMNS = 24;
const HEIGHT = { timeseries: 8, stat: 4, table: 10 } as const;
const SOURCE = { type: 'prometheus', uid: '${datasource}' };

/** The dashboard as Grafana imports it. */
export function toGrafana({ uid, title, description, variables, rows }: Dashboard): object {
  let id = 0;
  let y = 0;
  const panels: object[] = [];
  for (const row of rows) {
    panels.push({ id: ++id, type: 'row', title: row.title, collapsed: false, panels: [], gridPos: { x: 0, y: y++, w: COLUMNS, h: 1 } });
    let x = 0;
    let height = 0;
    for (const panel of row.panels) {
      const w = panel.width ?? COLUMNS / 3;
      if (x + w > COLUMNS) [x, y, height] = [0, y + height, 0];
      const h = HEIGHT[panel.kind];
      panels.push(grafanaPanel(panel, ++id, { x, y, w, h }));
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return {
    uid,
    title,
    description,
    tags: ['mizzen'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    time: { from: 'now-30m', to: 'now' },
    refresh: '10s',
    templating: { list: [dataSource, ...variables.map(grafanaVariable)] },
    panels,
  };
}

const dataSource = { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {}, hide: 0 };

function grafanaVariable({ name, label, values }: Variable): object {
  const query = `label_values(${values.series}, ${values.label})`;
  return {
    name,
    label,
    type: 'query',
    datasource: SOURCE,
    query: { query, refId: name },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  };
}

function grafanaPanel({ kind, title, description, unit, queries }: Panel, id: number, gridPos: object): object {
  const isTable = kind === 'table';
  return {
    id,
    type: kind,
    title,
    description,
    datasource: SOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, ...(kind === 'timeseries' && { custom: { fillOpacity: 10, showPoints: 'never' } }) }, overrides: [] },
    ...(isTable && {
      transformations: [
        { id: 'merge', options: {} },
        { id: 'organize', options: { excludeByName: { Time: true } } },
      ],
    }),
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
      ...(isTable && { format: 'table', instant: true }),
    })),
  };
}
