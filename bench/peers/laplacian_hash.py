"""The script that most people write first: the whole photo in full size, Laplacian variance, brightness, imagehash.

No network, no faces, no groups, no thumbnails, no catalog. OpenCV keeps its own pool of threads.
"""

from timing import main


def prepare():
    """The function that does one photo."""
    import cv2
    import imagehash
    from PIL import Image

    def one(path: str):
        grey = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2GRAY)
        with Image.open(path) as image:
            return cv2.Laplacian(grey, cv2.CV_64F).var(), grey.mean(), imagehash.phash(image)

    return one


if __name__ == "__main__":
    main(prepare)
