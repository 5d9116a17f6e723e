"""The network alone: ResNet50 at 224 pixels in torch, eager and fp32, on one thread and an input that lies ready.

It stands beside keepers' network for whole photos in ONNX Runtime, a smaller one for the same question.
"""

from timing import main, mend_torchvision


def prepare():
    """The function that runs it once; the photo is not looked at."""
    import torch

    mend_torchvision()
    from torchvision.models import resnet50

    torch.set_num_threads(1)
    net = resnet50(weights=None).eval()
    x = torch.zeros(1, 3, 224, 224)

    def one(path: str):
        with torch.no_grad():
            return net(x)

    return one


if __name__ == "__main__":
    main(prepare)
