/** Pages that change something, for operators who asked for them with `--unsafe-admin-endpoints` (DB-007). */
import { ok, type PageParts, type Pages } from './page.js';

export const adminPages = ({ disconnect }: PageParts): Pages =>
  disconnect === undefined
    ? {}
    : {
        force_disconnect: {
          help: 'ends the streams of a proxy, which then connects again; ?proxyID=NAME.NAMESPACE',
          answer(query) {
            const proxyID = query.get('proxyID') ?? '';
            if (proxyID === '') return { status: 400, body: 'You must provide a proxyID in the query string\n' };
            return disconnect(proxyID) > 0 ? ok('OK') : { status: 404, body: `no proxy ${JSON.stringify(proxyID)} is connected here\n` };
          },
        },
      };
