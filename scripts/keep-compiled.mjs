// Preloaded by compile-ahead.mjs: when the process ends, what V8 compiled of a script goes into the file $KEEP_COMPILED.
import { writeFileSync } from 'node:fs';
import vm from 'node:vm';

vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    process.once('exit', () => writeFileSync(process.env.KEEP_COMPILED, this.createCachedData()));
  }
};
