/**
 * Access logs into a file. https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/access_loggers/file/v3/file.proto
 */
import type { AccessLog } from '@envoyproxy/xds-protos/envoy/config/accesslog/v3/accesslog.js';
import type { SubstitutionFormatString } from '@envoyproxy/xds-protos/envoy/config/core/v3/substitution_format_string.js';
import { FileAccessLog } from '@envoyproxy/xds-protos/envoy/extensions/access_loggers/file/v3/file.js';
import { type Partial, toAny } from '../proto.js';
import { formatters } from './formatters.js';

export interface FileLog {
  readonly kind: 'file';
  readonly path: string;
  readonly format: { readonly text: string } | { readonly json: Readonly<Record<string, unknown>> };
  /** Without values that are not known, instead of `-` or null. */
  readonly omitEmptyValues?: boolean;
}

export function translateFileLog({ path, format, omitEmptyValues }: FileLog): Partial<AccessLog> {
  const extensions = formatters('text' in format ? [format.text] : Object.values(format.json));
  const logFormat: Partial<SubstitutionFormatString> = {
    ...('text' in format
      ? { format: { $case: 'textFormatSource', value: { specifier: { $case: 'inlineString', value: format.text } } } }
      : { format: { $case: 'jsonFormat', value: { ...format.json } }, jsonFormatOptions: {} }),
    ...(omitEmptyValues === true ? { omitEmptyValues } : {}),
    ...(extensions.length === 0 ? {} : { formatters: extensions }),
  };
  return {
    name: 'envoy.access_loggers.file',
    configType: { $case: 'typedConfig', value: toAny(FileAccessLog, { path, accessLogFormat: { $case: 'logFormat', value: logFormat } }) },
  };
}
