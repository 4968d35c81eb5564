/** Where the program is, or will be once it was built. */
export function kubeApiserverPath(): string;
/** Path of the program; builds it when it is not there. `say` hears about that. */
export function findKubeApiserver(say?: (text: string) => void): Promise<string>;
