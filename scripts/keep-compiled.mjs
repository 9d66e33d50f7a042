// Preloaded by compile-ahead.mjs: when the process ends, writes the code that V8 compiled for a program in
// $KEEP_COMPILED into a file beside it.
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import v8 from 'node:v8';
import vm from 'node:vm';

const programs = process.env.KEEP_COMPILED.split(' ');

// Compiled code records its flags, which must match those at the start of a program.
v8.setFlagsFromString = () => undefined;

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    const name = basename(options.filename, '.js');
    if (!programs.includes(name)) return;
    const file = options.filename.replace(/\.js$/, `.${process.version}.${process.arch}.compiled`);
    process.once('exit', () => writeFileSync(file, this.createCachedData()));
  }
};
