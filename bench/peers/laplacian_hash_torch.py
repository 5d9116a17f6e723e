"""The same script with a ResNet50 in torch, eager and fp32, as a tutorial writes it; torch uses all cores.

The weights are random: they make no difference to the time.
"""

from laplacian_hash import prepare as prepare_plain
from timing import main, mend_torchvision


def prepare():
    """The function that does one photo."""
    import torch

    mend_torchvision()
    from PIL import Image
    from torchvision import transforms
    from torchvision.models import resnet50

    plain = prepare_plain()
    net = resnet50(weights=None).eval()
    to_input = transforms.Compose([
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ])

    def one(path: str):
        with Image.open(path) as image, torch.no_grad():
            scores = net(to_input(image.convert("RGB"))[None])
        return plain(path), scores

    return one


if __name__ == "__main__":
    main(prepare)
