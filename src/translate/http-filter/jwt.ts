/** Tokens: checked after external authorizers were asked, before authorization by claims. */
import type { HttpFilter } from './index.js';

export const jwt: HttpFilter = ({ security }) => security?.jwt;
