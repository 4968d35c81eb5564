/** The import law. `npm run check` asserts that modules were really seen. Cycles are oxlint's (import/no-cycle): this parser counts type imports. */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  comment: `src/${from} may import only ${allowed.length === 0 ? 'itself' : allowed.join(', ')}`,
  from: { path: `^src/${from}/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^src/', pathNot: `^src/(${[from, ...allowed].join('|')})(/|\\.)` },
});

module.exports = {
  forbidden: [
    only('graph', 'graph', []),
    only('api', 'api', []),
    only('sources', 'sources', ['graph', 'api', 'validation', 'model/mesh-config', 'telemetry']),
    only('model', 'model', ['graph', 'api']),
    only('analysis', 'analysis', ['graph', 'model', 'api']),
    only('translate', 'translate', ['model', 'api']),
    only('views', 'views', ['graph', 'model', 'translate', 'api', 'xds/provider']),
    only('xds', 'xds', ['telemetry']),
    only('ca', 'ca', ['api', 'telemetry']),
    only('validation', 'validation', ['api', 'model', 'translate']),
    only('telemetry', 'telemetry', ['api']),
    { name: 'translate-never-sees-the-graph', severity: 'error', from: { path: '^src/translate/' }, to: { path: '^src/graph/' } },
    { name: 'xds-never-sees-the-mesh', severity: 'error', from: { path: '^src/xds/' }, to: { path: '^src/(model|translate|api|views)/' } },
    { name: 'nobody-imports-cli', severity: 'error', from: { path: '^src/', pathNot: '^src/(cli/|main\\.ts)' }, to: { path: '^src/cli/' } },
    { name: 'only-cli-imports-server', severity: 'error', from: { path: '^src/', pathNot: '^src/(cli|server|debug)/|\\.test\\.ts$' }, to: { path: '^src/server/' } },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules|generated' },
    exclude: { path: '(^|/)(generated|node_modules|dist)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'], conditionNames: ['import', 'types', 'default'] },
  },
};
