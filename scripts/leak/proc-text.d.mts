export function readProcText(file: string): string;
