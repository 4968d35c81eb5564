/** Path of kubectl; builds it when it is not there. `say` hears about that. */
export function findKubectl(say?: (text: string) => void): Promise<string>;
/** Path of helm. */
export function findHelm(say?: (text: string) => void): Promise<string>;
