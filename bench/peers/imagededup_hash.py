"""imagededup's perceptual hash of each photo, and nothing else: what finds duplicates, and judges none."""

from timing import main, mend_torchvision


def prepare():
    """The function that does one photo."""
    mend_torchvision()
    from imagededup.methods import PHash

    hasher = PHash(verbose=False)
    return lambda path: hasher.encode_image(image_file=path)


if __name__ == "__main__":
    main(prepare)
