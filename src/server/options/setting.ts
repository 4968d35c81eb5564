/** What an option of `mizzen serve` is: flag, environment variable, default and what a text means. */

/** One option. Its environment variable is `MIZZEN_` and the flag in capitals. */
export interface Setting<T> {
  readonly flag: string;
  /** As help shows the value: `<dir>`; empty for a flag without one. */
  readonly argument: string;
  readonly help: string;
  readonly default: T;
  /** Several values may be given. */
  readonly isList?: boolean;
  /** Says what is wrong by throwing an Error. */
  readonly parse: (text: string) => T;
}

export const setting = <T>(it: Setting<T>): Setting<T> => it;

type Named = Pick<Setting<unknown>, 'flag' | 'help'>;

/** A flag that is given or not; as a variable, `true`. */
export const toggle = (it: Named): Setting<boolean> => ({ ...it, argument: '', default: false, parse: (text) => text === 'true' });

/** Any text; none unless given. */
export const optional = (it: Named & { readonly argument: string }): Setting<string | undefined> => ({ ...it, default: undefined, parse: String });

/** Several values, none unless given; in one text with commas between them. */
export const list = <T = string>(it: Named & { readonly argument: string; readonly parseOne?: (text: string) => T }): Setting<readonly T[]> => {
  const { parseOne, ...named } = it;
  const parse = (text: string) => commaSeparated(text).map((part) => parseOne?.(part) ?? (part as T));
  return { ...named, default: [], isList: true, parse };
};

/** The parts of `a,b`; empty ones do not count. */
export const commaSeparated = (text: string): readonly string[] => text.split(',').filter((part) => part !== '');
