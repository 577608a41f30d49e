#!/bin/sh
# Train mini's UNet and identity branch on, on a lent GPU machine, in two calls of one machine:
#
#   sh benchmarks/gpu_unet.sh bank            # draws the bank; beside it tries every step
#   TIMED=20 sh benchmarks/gpu_unet.sh bank   # and first whether a compiled UNet is faster
#   AUTOENCODER=100 sh benchmarks/gpu_unet.sh bank  # draws a small bank first and, beside the
#                                             # drawing of the large one, trains 100 s on the
#                                             # autoencoder, whose new latents the UNet then learns
#   sh benchmarks/gpu_unet.sh train SECONDS   # trains; weights and log go to $OUT
#
# Beginning with the package's weights. Wheels that are missing there lie in .whl.
set -eu
ROOT=$(pwd)
OUT=${OUT:-$ROOT/.mini/out}
WORK=${WORK:-/tmp/mini_unet}
PICTURES=${PICTURES:-36000} WORKERS=${WORKERS:-16} DEVICE=${DEVICE:-cuda} RATE=${RATE:-0.67}
AUTOENCODER=${AUTOENCODER:-0} ENCODER=${ENCODER:-0.05}  # seconds; weight of the latents' old places
LARGER=${LARGER:---channels 64 --encoder-blocks 0 1 3 4}  # 3.8 MB
CRISP=${CRISP:---perceptual 0.3 --adversarial 0.1}  # its features lie in .mini/features
GAIN=${GAIN:-0.2}  # dB that a new autoencoder must be better by
FIRST=${FIRST:-100000} SEED=${SEED:-13}  # people and pictures that no bank before has had
# Another world's words the text encoder must know (mini.train.words); then broad and, say, 0.15,
# the share of what the narrow world lacks.
WORLD=${WORLD:-narrow} NEW=${NEW:-0}
STYLED=${STYLED:-0.25}  # of them painted, beside those that the world paints: faces in paint are weak
mkdir -p "$OUT" "$WORK/small" "$WORK/site"
if [ -d .whl ]; then
    python3 -m pip install -q --no-index --no-deps --no-compile --upgrade --target "$WORK/site" .whl/*.whl
fi
export PYTHONPATH="$WORK/site:$ROOT" PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
train() { python3 -m "pidiff_cli.mini.train.$@"; }

caches() {  # in the present folder, for a bank that is there
    train aligned --workers "$1"
    train latents --device "$DEVICE" --weights weights
    train codes --device "$DEVICE" --weights weights
}

autoencoder() {  # a folder of weights and a budget; nothing where it is 0
    if [ "$AUTOENCODER" -gt 0 ]; then
        folder=$1
        shift
        train decoder --device "$DEVICE" --weights "$folder" --encoder "$ENCODER" $LARGER $CRISP \
            --features "$ROOT/.mini/features" --fresh "$@"
    fi
}

better() {  # whether the log of an autoencoder's training says so
    python3 -c "
import json, sys
last = json.loads(open('.mini/runs/decoder/log.jsonl').read().splitlines()[-1])
print(last)
sys.exit(last['held_out_psnr'] < last['before'] + $GAIN)"
}

keep() {  # what is exported so far
    for file in weights/diffusers/unet/diffusion_pytorch_model.safetensors weights/identity/branch.safetensors \
        weights/identity/wproj.safetensors .mini/runs/diffusion/log.jsonl; do
        if [ -f "$file" ]; then cp "$file" "$OUT/"; fi
    done
    if [ -f first/.mini/runs/decoder/log.jsonl ]; then
        cp weights/diffusers/vae/diffusion_pytorch_model.safetensors "$OUT/autoencoder.safetensors"
        cp weights/diffusers/vae/config.json "$OUT/autoencoder.json"
        cp first/.mini/runs/decoder/log.jsonl "$OUT/autoencoder.jsonl"
    fi
}

case "$1" in
bank)
    cd "$WORK"
    rm -rf .mini && cp -r "$ROOT/pidiff_cli/mini/weights" .
    began=$(date +%s)
    after() { echo "$1 after $(($(date +%s) - began)) s"; }
    draw() {
        python3 -m pidiff_cli.mini.world.bank --pictures "$1" --per-person 6 --workers "$WORKERS" \
            --start-person "$FIRST" --seed "$SEED" --styled "$STYLED" --world "$WORLD" --new "$NEW"
    }
    if [ "$AUTOENCODER" -gt 0 ]; then
        rm -rf first && mkdir first && cp -r weights first/
        (cd first && draw "${PIECE:-6000}" > bank.log 2>&1)
        after "the first pictures"
    fi
    draw "$PICTURES" > bank.log 2>&1 &
    drawing=$!
    cd small && rm -rf weights && cp -r ../weights .
    small() {
        python3 -m pidiff_cli.mini.world.bank --pictures 48 --per-person 6 --workers 1 \
            --start-person "$FIRST" --world "$WORLD" &&
            autoencoder weights --steps 2 &&
            caches 1 &&
            tried
    }
    tried() {
        timeout 100 python3 -m pidiff_cli.mini.train.diffusion --device "$DEVICE" \
            --weights weights --steps "${TRIED:-30}" --fresh --batch "${BATCH:-768}" $(cat "$WORK/compile.txt")
    }
    : > "$WORK/compile.txt"
    if [ "${TIMED:-0}" -gt 0 ]; then
        timeout 300 python3 "$ROOT/benchmarks/training_speed.py" --device "$DEVICE" \
            --batch "${BATCH:-768}" --steps "$TIMED" --out "$OUT/training_speed.json" \
            --choice "$WORK/compile.txt" > speed.log 2>&1 || true
        tail -8 speed.log && after speed
    fi
    if small > small.log 2>&1; then
        echo "small: good, with '$(cat "$WORK/compile.txt")'"
    else
        echo "small: FAILED, with '$(cat "$WORK/compile.txt")'; the training is not compiled"
        : > "$WORK/compile.txt"
    fi
    tail -15 small.log && after small
    cd "$WORK"
    if [ "$AUTOENCODER" -gt 0 ]; then
        cd first
        if autoencoder weights --minutes "$(python3 -c "print($AUTOENCODER / 60)")" > autoencoder.log 2>&1 &&
            better; then
            cp weights/diffusers/vae/* ../weights/diffusers/vae/
            echo "autoencoder: the new one"
        else
            echo "autoencoder: FAILED or no better, the old one stays"
        fi
        tail -4 autoencoder.log && after autoencoder && cd ..
    fi
    wait "$drawing"
    tail -1 bank.log && after drawing
    caches "$WORKERS" && ls -la .mini/* && after caches
    keep
    ;;
train)
    cd "$WORK"
    (while sleep 20; do keep; done) &
    minutes=$(python3 -c "print($2 / 60)")
    train diffusion --device "$DEVICE" --weights weights --minutes "$minutes" --rate "$RATE" \
        --export-every 3 $(cat compile.txt) ${BATCH:+--batch $BATCH} > train.log 2>&1 || tail -20 train.log
    kill $! || true
    keep
    head -3 train.log && tail -3 .mini/runs/diffusion/log.jsonl
    ;;
esac
