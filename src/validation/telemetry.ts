/**
 * Telemetry. Of a filter's expression the syntax is checked: with one that it can't parse Envoy refuses the whole listener.
 * https://istio.io/latest/docs/reference/config/telemetry/
 */
import type { Telemetry } from '../api/istio.js';
import { celProblem } from '../model/cel-expression.js';
import { each, eachEntry, type Findings } from './findings.js';
import { formatString } from './format-string.js';
import { validateSelection } from './selector.js';

export function validateTelemetry(row: Telemetry, findings: Findings): void {
  const { tracing = [], metrics, accessLogging } = row.spec;
  validateSelection(row.spec, findings);
  each(metrics, findings.at('metrics'), (one, at) => {
    validateProviders(one.providers, at.at('providers'));
    each(one.overrides, at.at('overrides'), (override, here) => {
      if (override.match?.customMetric === '') here.at('match', 'customMetric').error('must not be empty');
      eachEntry(override.tagOverrides, here.at('tagOverrides'), (name, tag, there) => {
        if (name === '') there.warn('the name of a tag must not be empty');
        // UPSERT is the operation when none is given.
        if (tag.operation === 'REMOVE' ? (tag.value ?? '') !== '' : (tag.value ?? '') === '')
          there.at('value').error(tag.operation === 'REMOVE' ? 'must not be set when operation is REMOVE' : 'must be set when operation is UPSERT');
      });
    });
  });
  if (tracing.length > 1) findings.at('tracing').warn('only the first item is used');
  each(tracing, findings.at('tracing'), (one, at) => {
    if ((one.providers ?? []).length > 1) at.at('providers').warn('only the first provider is used');
    validateProviders(one.providers, at.at('providers'));
    const share = one.randomSamplingPercentage ?? 0;
    if (share < 0 || share > 100) at.at('randomSamplingPercentage').error('must be in the range 0 to 100');
    eachEntry(one.customTags, at.at('customTags'), (name, tag, here) => {
      if (name === '') here.error('the name of a tag must not be empty');
      if (tag.formatter?.value !== undefined) here.at('formatter', 'value').check(formatString(tag.formatter.value));
    });
  });
  each(accessLogging, findings.at('accessLogging'), (one, at) => {
    if (one.filter !== undefined) validateFilter(one.filter.expression ?? '', at.at('filter', 'expression'));
    validateProviders(one.providers, at.at('providers'));
  });
}

/** Of what Envoy can't evaluate the reference lets in what it can parse; the filter is left out then. */
function validateFilter(expression: string, findings: Findings): void {
  const problem = celProblem(expression);
  if (problem?.kind === 'syntax') findings.error(problem.message);
  else if (problem !== undefined) findings.warn(`${problem.message}: everything is logged`);
}

function validateProviders(providers: readonly { name?: string }[] | undefined, findings: Findings): void {
  each(providers, findings, ({ name = '' }, at) => {
    if (name === '') at.at('name').error('must not be empty');
  });
}
