/**
 * The pages of /debug in one table (DB-004), told over HTTP and over xDS (`istio.io/debug`, for `istioctl x internal-debug`) alike. They only
 * read, and never show a private key. Where istiod has a page of the same name, the fields are the same, so that istioctl and Kiali read them.
 */
import { formatFinding } from '../analysis/finding.js';
import { defineAnalysis } from '../analysis/index.js';
import { formatProblem } from '../api/problem.js';
import { patchCheck } from '../server/patch-check.js';
import { fieldLocator } from '../sources/field-location.js';
import { adminPages } from './admin-pages.js';
import type { Caller } from './caller.js';
import { connectionPages } from './connection-pages.js';
import { dumpPages } from './dump-pages.js';
import { notFound } from './elsewhere.js';
import { meshPages } from './mesh-pages.js';
import { type Answer, ok, type PageParts, type Pages } from './page.js';

/** Asks for a page by its name and query, `config_dump?proxyID=web-1.shop`. */
export type AskPage = (request: string, caller: Caller) => Answer;

export function createPages(parts: PageParts): AskPage {
  const pages: Pages = {
    list: {
      help: 'the names of these pages',
      answer: () =>
        ok(
          Object.keys(pages)
            .filter((name) => name !== 'list')
            .sort(),
        ),
    },
    ...connectionPages(parts),
    ...dumpPages(parts),
    ...meshPages(parts),
    ...adminPages(parts),
    ...ownPages(parts),
  };
  return (request, caller) => {
    const [name = '', query = ''] = request.split('?', 2);
    const page = Object.hasOwn(pages, name) ? pages[name] : undefined;
    if (caller.namespace !== undefined && page?.forOwnNamespace !== true) {
      return { status: 403, body: { error: `namespace ${caller.namespace} may not look at ${JSON.stringify(name)}` } };
    }
    if (name === '') return ok(Object.fromEntries(Object.entries(pages).map(([path, { help }]) => [`/debug/${path}`, help])));
    return page?.answer(new URLSearchParams(query), caller) ?? notFound(name);
  };
}

/** What istiod has not. */
function ownPages({ mesh, views, problems, analysis = defineAnalysis(mesh, { extra: [patchCheck(views)] }) }: PageParts): Pages {
  return {
    problems: {
      help: 'what is wrong with the configuration',
      answer: () => ok(problems().map((problem) => ({ ...problem, text: formatProblem(problem) }))),
    },
    analysis: {
      help: 'what resources do to each other: conflicts, names that lead nowhere, routes that nothing reaches',
      answer: () => ok(analysis.findings(fieldLocator()).map((finding) => ({ ...finding, text: formatFinding(finding) }))),
    },
    graph: {
      help: 'counters of the dependency graph; ?format=mermaid draws it',
      answer: (query) => ok(query.get('format') === 'mermaid' ? mesh.graph.describe() : mesh.graph.stats()),
    },
  };
}
