/**
 * Text of users must never become a JavaScript regular expression: it could be made to run for years. Every text of a fuzzer holds the mark, and
 * a pattern with the mark is reported.
 */
export const MARK = 'zq7';

/** From now on notes each regular expression that is made of a marked text. Returns the list that they are noted in. */
export function watchRegExp() {
  const noted = [];
  const look = (pattern) => {
    const source = typeof pattern === 'string' ? pattern : pattern?.source;
    if (typeof source === 'string' && source.includes(MARK)) noted.push(new Error(`a RegExp was made of a user's text: ${source.slice(0, 200)}`));
  };
  globalThis.RegExp = new Proxy(RegExp, {
    construct(target, args, newTarget) {
      look(args[0]);
      return Reflect.construct(target, args, newTarget);
    },
    apply(target, self, args) {
      look(args[0]);
      return Reflect.apply(target, self, args);
    },
  });
  // These make one of a string by themselves.
  for (const method of ['match', 'matchAll', 'search']) {
    const original = String.prototype[method];
    String.prototype[method] = function (pattern) {
      if (typeof pattern === 'string') look(pattern);
      return original.call(this, pattern);
    };
  }
  return noted;
}
