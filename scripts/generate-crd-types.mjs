// Makes generated/crds/: the types of Istio's and Gateway API's kinds, taken from the packages @kubernetes-models/*. Those print every
// "at least one of" rule of a schema as `{…} & (Exclude<…> | …)`; nested, these unions make the compiler run out of memory, and the schema
// check says the same at run time. So they are cut out here and the fields stay.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const KINDS = {
  istio: {
    'networking.istio.io/v1': ['DestinationRule', 'Gateway', 'ServiceEntry', 'Sidecar', 'VirtualService', 'WorkloadEntry', 'WorkloadGroup'],
    'security.istio.io/v1': ['AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication'],
    'telemetry.istio.io/v1': ['Telemetry'],
  },
  'gateway-api': {
    'gateway.networking.k8s.io/v1': [
      'BackendTLSPolicy',
      'Gateway',
      'GatewayClass',
      'GRPCRoute',
      'HTTPRoute',
      'ListenerSet',
      'ReferenceGrant',
      'TLSRoute',
    ],
    'gateway.networking.k8s.io/v1alpha2': ['TCPRoute', 'UDPRoute'],
    'gateway.networking.x-k8s.io/v1alpha1': ['XBackendTrafficPolicy'],
  },
};

/** Index just past the bracket that closes the one at `open`. Braces, brackets, parentheses and angle brackets nest; strings are skipped. */
function pastClosing(text, open) {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const c = text[i];
    if (c === '"' || c === "'") i = text.indexOf(c, i + 1);
    else if ('({[<'.includes(c)) depth++;
    else if (')}]>'.includes(c) && text[i - 1] !== '=' && --depth === 0) return i + 1;
  }
  throw new Error('generate-crd-types: unbalanced brackets');
}

function withoutRules(text) {
  let out = '';
  let at = 0;
  for (;;) {
    const rule = /&\s*\(\s*Exclude</g;
    rule.lastIndex = at;
    const found = rule.exec(text);
    if (found === null) return out + text.slice(at);
    out += text.slice(at, found.index).trimEnd();
    at = pastClosing(text, text.indexOf('(', found.index));
  }
}

/** Writes generated/crds. Called by generate.mjs. */
export function generateCrdTypes() {
  rmSync('generated/crds', { recursive: true, force: true });
  for (const [group, versions] of Object.entries(KINDS)) {
    mkdirSync(`generated/crds/${group}`, { recursive: true });
    for (const [version, kinds] of Object.entries(versions)) {
      for (const kind of kinds) {
        const source = readFileSync(`node_modules/@kubernetes-models/${group}/${version}/${kind}.d.ts`, 'utf8').replace(/\/\*\*[\s\S]*?\*\//g, '');
        const start = source.indexOf(`export interface I${kind}`);
        if (start < 0) throw new Error(`generate-crd-types: no interface I${kind}`);
        const plain = withoutRules(source.slice(start, pastClosing(source, source.indexOf('{', start))));
        const body = plain
          .replace(/^.*IObjectMeta.*\n/m, '')
          .replace(/^\s*\n/gm, '')
          .replace(/IIntOrString|IntOrString/g, 'number | string');
        writeFileSync(
          `generated/crds/${group}/${kind}.d.ts`,
          `// Made by scripts/generate-crd-types.mjs from @kubernetes-models/${group}.\n${body}\n`,
        );
      }
    }
  }
}
